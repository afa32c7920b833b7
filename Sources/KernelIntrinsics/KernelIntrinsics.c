// The module is header-only; a target needs one source file to be built.
