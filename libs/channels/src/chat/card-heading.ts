import type { DeliveryRequest } from '@cs/contracts';
import type { Card } from '@cs/notification';

type Status = Card['status'];

const settled: Readonly<Record<Exclude<Status, 'pending'>, string>> = {
  approve: 'Approved', rework: 'Sent back for rework', cancel: 'Cancelled', expired: 'Expired', timeout_resume: 'Went on without a decision', closed: 'Closed',
};
const asking: Readonly<Partial<Record<DeliveryRequest['notice'], string>>> = { gate_opened: 'Waiting for a decision', gate_reminded: 'Reminder: waiting for a decision', gate_escalated: 'Escalated: waiting for a decision' };

/** What state a card is in, in words; `undefined` for a notice that asks nothing. */
export const cardHeading = ({ notice }: Pick<DeliveryRequest, 'notice'>, { status }: Pick<Card, 'status'>): string | undefined => {
  if (status === 'pending') return asking[notice];
  return notice === 'gate_decided' || notice === 'gate_closed' ? settled[status] : undefined;
};

/** Notices that change the cards that asked. */
export const followsUp = (notice: DeliveryRequest['notice']): boolean => notice === 'gate_reminded' || notice === 'gate_escalated' || notice === 'gate_decided' || notice === 'gate_closed';

/** The parts of an answer below a card: what happened to which node of which run, then why, where someone said so. */
export const answerBelow = (card: Card): { readonly lead: string; readonly node?: string; readonly run?: string; readonly detail?: string } => {
  if (card.status === 'pending') return { lead: card.attention ?? 'This still waits for a decision.' };
  const lines = (card.summary ?? '').split('\n');
  const detail = lines.slice(1).join('\n');
  return { lead: settled[card.status], node: card.correlation.node_id, run: card.correlation.run_id, ...(detail === '' ? {} : { detail }) };
};

/** A page that platforms take as a link: they refuse whole messages for the sake of a link to `localhost`. */
export const publicLink = (pageUrl: string | undefined): string | undefined => {
  if (pageUrl === undefined || pageUrl.length > 512 || !URL.canParse(pageUrl)) return undefined;
  const { protocol, hostname, username, href } = new URL(pageUrl);
  const isPublic = (protocol === 'https:' || protocol === 'http:') && username === '' && /^[a-z0-9.-]+\.[a-z]{2,}$/i.test(hostname);
  return isPublic && href.length <= 512 ? href : undefined;
};
