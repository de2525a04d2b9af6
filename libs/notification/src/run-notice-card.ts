import type { runEvents } from '@cs/contracts';
import { definedMembers } from '@cs/kernel';
import type { z } from 'zod';
import { listed, pageAt, shown } from './card-text.js';
import { titleOf, type GateOrigin } from './gate-card.js';
import type { Listed } from './list-card.js';
import type { NoticeCard } from './notice-card.schema.js';

type DataOf<Type extends keyof typeof runEvents> = z.infer<(typeof runEvents)[Type]['data']>;

/** What can become of a run that channels are told of. */
export type RunEnd =
  | { readonly event_type: 'run_failed'; readonly data: DataOf<'run_failed'> }
  | { readonly event_type: 'run_blocked'; readonly data: DataOf<'run_blocked'> }
  | { readonly event_type: 'run_completed'; readonly data: DataOf<'run_completed'> };

const maxTextLength = 2_000;
const maxNodes = 20;

const endings: Readonly<Record<RunEnd['event_type'], { readonly action: string; readonly tone: NoticeCard['tone'] }>> = {
  run_failed: { action: 'the run failed', tone: 'bad' }, run_blocked: { action: 'the run is blocked', tone: 'warning' }, run_completed: { action: 'the run is done', tone: 'good' },
};

const detailOf = (end: RunEnd): string => {
  switch (end.event_type) {
    case 'run_failed': return shown(end.data.detail, maxTextLength, '… (shortened)');
    case 'run_blocked': return shown(`What became of an effect is not known: ${listed(end.data.node_ids, maxNodes)}. A person has to say it before the run goes on.`, maxTextLength);
    case 'run_completed': return 'It reached its end.';
  }
};

/** Where a run can be read. */
const runPage = ({ public_url, run_id }: GateOrigin): string | undefined => pageAt(public_url, `/inbox/runs/${encodeURIComponent(run_id)}`);

/** The message that tells what became of a run. */
export const runNoticeCard = (origin: GateOrigin, end: RunEnd): NoticeCard => ({
  kind: 'notice', title: titleOf(origin, endings[end.event_type].action), body_markdown: detailOf(end), tone: endings[end.event_type].tone,
  fields: [{ label: 'Automation', value: origin.automation_id }, { label: 'Run', value: origin.run_id }, { label: 'Workspace', value: origin.workspace_id }], items: [], ...definedMembers({ page_url: runPage(origin) }),
});

const maxItemLength = 400;

/** The line of a dead letter that a run left. */
export const listedLetter = (origin: GateOrigin, { node_id, reason }: { readonly node_id: string; readonly reason: string }): Listed => ({
  text: shown(`${titleOf(origin, node_id)}: ${reason}`, maxItemLength), run_id: origin.run_id, ...definedMembers({ page_url: runPage(origin) }),
});

/** The line of a message that a consumer could not handle. */
export const listedMessage = ({ consumer, reason }: { readonly consumer: string; readonly reason: string }): Listed => ({ text: shown(`${consumer}: ${reason}`, maxItemLength) });
