import FlashTool

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

exit(FlashTool.run(Array(CommandLine.arguments.dropFirst())))
