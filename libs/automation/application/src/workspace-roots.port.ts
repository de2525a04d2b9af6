/** The folders that runs work in, as the machine has them that executes the run. */
export interface WorkspaceRoots {
  /** What keeps a run from working in the folder, as a sentence with its path; `undefined` when nothing does. */
  problemOf(root: string): Promise<string | undefined>;
}
