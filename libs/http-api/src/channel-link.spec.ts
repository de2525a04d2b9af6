import { decideGate as method } from '@cs/contracts';
import { decideGate } from './run-routes.js';

describe('who decides a gate', () => {
  const asked = { decision: 'approve' };
  const claims = { person: 'ada', also_known_as: ['ada'], actor: { kind: 'human', source: 'slack', person: 'ada' }, decided_by: { person: 'ada' }, voter: 'ada', context: { actor: { person: 'ada' } } };

  it.each(Object.entries(claims))('is not taken from a body: %s', (member, claim) => {
    expect(decideGate.body.schema.safeParse(asked).success).toBe(true);
    expect(decideGate.body.schema.safeParse({ ...asked, [member]: claim }).success).toBe(false);
  });

  it('is not taken from the payload of the method either', () => {
    expect(method.payload.parse({ run_id: 'automation-v2-run-1', ...asked, ...claims })).toEqual({ run_id: 'automation-v2-run-1', ...asked });
  });
});
