import fc from 'fast-check';
import type { Card, NoticeCard, QuestionCard } from '@cs/notification';

const markup = '\\*_~`|[](){}<>#:@+.!-=&/"\' \n\t\r\u202e\u200b😀👩‍👩‍👧‍👦e\u0301';
/** fast-check's unit `binary` takes seconds to set up. */
const codePoint = fc.integer({ min: 0, max: 0x10ffff }).map((point) => String.fromCodePoint(point));
const unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
const fragment = fc.oneof(
  fc.string({ unit: 'grapheme' }), fc.array(codePoint, { maxLength: 20 }).map((points) => points.join('')), fc.string({ unit: fc.constantFrom(...markup) }), fc.array(unit, { maxLength: 20 }).map((units) => units.join('')),
  fc.constantFrom('@everyone', '<@123>', '/cancel', '@grace_h', 'https://example.com/a_b_c?x=(1)&y=**2**', '[text](https://evil.example)', '```', '||spoiler||', 'ref approve.0123456789abcdef0123456789abcdef', `a${'\u0301'.repeat(3_000)}`),
);

/** Any text: all of UTF-16, whole and torn, markup, mentions, and lengths far over every limit. */
export const anyText: fc.Arbitrary<string> = fc.oneof(fragment, fc.tuple(fc.array(fragment, { minLength: 1, maxLength: 6 }), fc.constantFrom(1, 3, 200, 2_000)).map(([parts, times]) => parts.join('').repeat(times).slice(0, 60_000)));

const decisions = ['approve', 'rework', 'cancel'] as const;

const anyPage = fc.oneof(fc.webUrl({ withQueryParameters: true }), fc.constantFrom('http://127.0.0.1:4400/inbox/o1', 'http://localhost/x', 'javascript:alert(1)', 'no url', 'https://example.com/a_(b)_c)', `https://example.com/${'x'.repeat(5_000)}`), anyText);

/** Any notice: any number of items. */
export const anyNotice: fc.Arbitrary<NoticeCard> = fc.record(
  {
    kind: fc.constant('notice' as const), title: anyText, body_markdown: anyText, tone: fc.constantFrom<NoticeCard['tone'][]>('info', 'warning', 'bad', 'good'),
    fields: fc.array(fc.record({ label: anyText, value: anyText }), { maxLength: 30 }), items: fc.array(fc.record({ text: anyText, page_url: anyPage }, { requiredKeys: ['text'] }), { maxLength: 150 }), page_url: anyPage,
  },
  { requiredKeys: ['kind', 'title', 'body_markdown', 'tone', 'fields', 'items'] },
);

/** Any card: every state, any number of fields, any texts. */
export const anyCard: fc.Arbitrary<Card> = fc.record(
  {
    title: anyText, body_markdown: anyText, fields: fc.array(fc.record({ label: anyText, value: anyText }), { maxLength: 40 }),
    status: fc.constantFrom<Card['status'][]>('pending', 'approve', 'rework', 'cancel', 'expired', 'timeout_resume', 'closed'),
    attention: anyText, votes: anyText, page_url: anyPage,
    actions: fc.uniqueArray(fc.constantFrom(...decisions), { maxLength: 3 }).chain((some) => fc.tuple(...some.map((decision) => fc.record({ decision: fc.constant(decision), label: anyText, style: fc.constantFrom<Card['actions'][number]['style'][]>('primary', 'default', 'danger'), requires_reason: fc.boolean() })))),
    summary: anyText, thread_key: anyText,
    correlation: fc.constant({ org_id: 'acme', workspace_id: 'ops', request_id: 'q', source: 'automation_v2' as const, automation_v2_run_id: 'r', run_id: 'r', node_id: 'n', gate_opening_id: 'o' }),
  },
  { requiredKeys: ['title', 'body_markdown', 'fields', 'status', 'actions', 'thread_key', 'correlation'] },
);

/** Any question, in every state. */
export const anyQuestion: fc.Arbitrary<QuestionCard> = fc.record(
  {
    kind: fc.constant('question' as const), title: anyText, body_markdown: anyText, fields: fc.array(fc.record({ label: anyText, value: anyText }), { maxLength: 40 }), status: fc.constantFrom<QuestionCard['status'][]>('pending', 'answered', 'expired', 'cancelled'),
    attention: anyText, page_url: anyPage, summary: anyText, settled_at_ms: fc.integer({ min: 0, max: 4e12 }), thread_key: anyText,
    correlation: fc.record({ org_id: fc.constant('acme'), workspace_id: fc.constant('ops'), source: fc.constant('human_request' as const), request_id: anyText, run_id: anyText, node_id: anyText }),
  },
  { requiredKeys: ['kind', 'title', 'body_markdown', 'fields', 'status', 'thread_key', 'correlation'] },
);
