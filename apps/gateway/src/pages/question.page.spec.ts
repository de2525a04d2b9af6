import type { HumanRequestRecord } from '@cs/contracts';
import { questionPage } from './question.page.js';

const asked = (ask: HumanRequestRecord['ask']): HumanRequestRecord => ({
  request_id: 'automation-v2:r1:count:0:question:1', kind: 'question', status: 'pending', run_id: 'r1', automation_id: 'restock', workflow_name: 'Restock', node_id: 'count', item: null, agent: null, prompt: 'How many?',
  schema: { type: 'integer' }, ask, roles: null, declined: [], requested_by: { kind: 'human', actor_id: 'bob' }, requested_at_ms: 1, expires_at_ms: null, respond_endpoint: '/answer',
  conversion: null, answer_source: null, responded_by: null, ended_at_ms: null, reason: null,
});

const pageFor = (ask: HumanRequestRecord['ask'], visitor: { readonly kind: string; readonly actor_id?: string }): string =>
  questionPage(asked(ask), { token: 't', nowMs: 2, visitor }).text;

describe('the page of a question', () => {
  const people = [{ kind: 'person', id: 'ada' }] as const;

  it('has a form for whoever may be among those who are asked', () => {
    expect(pageFor(people, { kind: 'human', actor_id: 'grace' })).toContain('name="token"');
    expect(pageFor(null, { kind: 'human' })).toContain('name="token"');
  });

  it('has none for whom nobody knows where certain people are asked, and says why', () => {
    const page = pageFor(people, { kind: 'human' });
    expect(page).not.toContain('name="token"');
    expect(page).toContain('the page does not know who you are');
  });

  it('has none for what is no person', () => {
    expect(pageFor(null, { kind: 'agent', actor_id: 'bot' })).not.toContain('name="token"');
  });
});
