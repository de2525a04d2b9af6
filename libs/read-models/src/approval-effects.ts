import { releaseText, type ApprovalRequest, type GateRelease } from '@cs/contracts';
import { redactCredentials } from '@cs/kernel';

const longestSummary = 400;

const cut = (text: string): string => (text.length > longestSummary ? `${text.slice(0, longestSummary - 1)}…` : text);

/** A released step in one line, without credentials. */
export const effectOf = (release: GateRelease): ApprovalRequest['effects'][number] => ({
  node_id: release.node_id, action_kind: release.action_kind, summary: cut(redactCredentials(releaseText(release)).replaceAll(/\s+/g, ' ')),
});
