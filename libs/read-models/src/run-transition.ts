import type { Run } from '@cs/contracts';
import type { StoredCommit } from '@cs/eventing';

/** A run before and after a commit; undefined where it does not exist or could not be folded. */
export interface RunTransition {
  readonly before: Run | undefined;
  readonly after: Run | undefined;
  readonly stored: StoredCommit;
}
