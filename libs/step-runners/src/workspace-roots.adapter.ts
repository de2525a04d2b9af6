import type { WorkspaceRoots } from '@cs/automation-application';
import { stat } from 'node:fs/promises';

const codeOf = (error: unknown): string => (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown');

/** Looks at the file system of this machine. */
export const fileSystemRoots: WorkspaceRoots = {
  problemOf: async (root) => {
    try {
      return (await stat(root)).isDirectory() ? undefined : `the workspace root "${root}" is not a directory; name one that this runner can reach in workspace_root`;
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return `the workspace root "${root}" does not exist on this runner; create it, or mount it there`;
      return `the workspace root "${root}" cannot be read by this runner (${code})`;
    }
  },
};
