import type { DeliveryRequest } from '@cs/contracts';

type Notice = DeliveryRequest['notice'];

/** What asks, what renews the cards, what asks again, and how it ends. What was decided can be taken back by a closing; an answer cannot. */
export interface NoticeFamily {
  readonly asks: Notice;
  readonly renews: readonly Notice[];
  readonly asksAgain: readonly Notice[];
  readonly decided: Notice;
  readonly closed: Notice;
}

const families: readonly NoticeFamily[] = [
  { asks: 'gate_opened', renews: ['gate_voted'], asksAgain: ['gate_reminded', 'gate_escalated'], decided: 'gate_decided', closed: 'gate_closed' },
  { asks: 'question_asked', renews: [], asksAgain: ['question_reminded'], decided: 'question_answered', closed: 'question_closed' },
];

const familyByNotice: ReadonlyMap<Notice, NoticeFamily> = new Map(families.flatMap((family) => [family.asks, ...family.renews, ...family.asksAgain, family.decided, family.closed].map((notice) => [notice, family] as const)));

/** The notices that a notice belongs to; `undefined` for one that asks nothing and follows nothing. */
export const familyOf = (notice: Notice): NoticeFamily | undefined => familyByNotice.get(notice);

/** It asks, for the first time. */
export const asks = (notice: Notice): boolean => familyOf(notice)?.asks === notice;

/** It changes the cards that asked, keeps them asking, and is answered nowhere: nobody is called by it. */
export const renews = (notice: Notice): boolean => familyOf(notice)?.renews.includes(notice) === true;

/** It changes the cards that asked, keeps them asking, and is told below them. */
export const asksAgain = (notice: Notice): boolean => familyOf(notice)?.asksAgain.includes(notice) === true;

/** After it nothing is asked any more. */
export const ends = (notice: Notice): boolean => {
  const family = familyOf(notice);
  return family?.decided === notice || family?.closed === notice;
};

/** It changes the cards that asked. */
export const followsUp = (notice: Notice): boolean => renews(notice) || asksAgain(notice) || ends(notice);
