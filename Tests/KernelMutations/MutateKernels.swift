import ArgumentParser
import PTXSimulator

/// `mutate-kernels`: how many errors in a kernel's text the simulated problems notice.
@main
struct MutateKernels: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mutate-kernels",
    abstract:
      "Change one instruction of a GPU kernel at a time, and count the changes that the simulator's problems notice.",
    discussion: """
      Waits, fences, barriers, copies, stores, bounds and guards are all changed; of offsets and constants a sample. \
      Prints a table and every change that nothing noticed, as Markdown.
      """)

  @Option(help: "How many offsets and constants of each kernel are changed.")
  var sample = 300

  @Option(help: "Only kernels whose names contain this.")
  var only = ""

  @Option(help: "Changes that are tried at the same time.")
  var jobs = 2

  func run() async throws {
    var rows: [String] = []
    var survivors: [String] = []
    for subject in try Subjects.all() where only.isEmpty || subject.name.contains(only) {
      if let complaint = subject.complaint(about: subject.text) {
        throw ValidationError("\(subject.name) is wrong as it is: \(complaint)")
      }
      let mutations = try sampled(PTXProgram(parsing: subject.text).instructions.flatMap(MutationOperators.mutations))
      let surviving = await unnoticed(mutations, in: subject)
      let killed = mutations.count - surviving.count
      let share = Double(killed * 1000 / max(mutations.count, 1)) / 10
      rows.append("| \(subject.name) | \(mutations.count) | \(killed) | \(share) % |")
      survivors += surviving.map { "| \(subject.name) | \($0.line) | \($0.kind.rawValue) | \($0.description) |" }
    }
    print("| kernel | changes | noticed | share |\n|---|---|---|---|")
    print(rows.joined(separator: "\n"))
    print("\n| kernel | line | kind | not noticed |\n|---|---|---|---|")
    print(survivors.joined(separator: "\n"))
  }

  /// All mutations of synchronisation, and every so many of the others.
  private func sampled(_ mutations: [Mutation]) -> [Mutation] {
    let isSampled: (Mutation) -> Bool = { $0.kind == .offset || $0.kind == .constant }
    let others = mutations.filter(isSampled)
    let step = max(1, others.count / max(sample, 1))
    let chosen = others.enumerated().filter { $0.offset % step == step / 2 }.map(\.element)
    return (mutations.filter { !isSampled($0) } + chosen).sorted { $0.line < $1.line }
  }

  private func unnoticed(_ mutations: [Mutation], in subject: Subject) async -> [Mutation] {
    await withTaskGroup(of: [(Int, Mutation)].self) { group in
      let jobs = max(jobs, 1)
      for job in 0..<jobs {
        group.addTask {
          stride(from: job, to: mutations.count, by: jobs).compactMap { index in
            let mutation = mutations[index]
            let text = PTXProgram.mutating(subject.text, line: mutation.line, to: mutation.replacement)
            return subject.complaint(about: text) == nil ? (index, mutation) : nil
          }
        }
      }
      return await group.reduce(into: []) { $0 += $1 }.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }
}
