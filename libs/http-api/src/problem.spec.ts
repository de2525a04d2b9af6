import { errorCatalogue } from '@cs/contracts';
import { httpErrorCatalogue, isHttpErrorCode, statusOfCode, statusOfKind } from './http-error-catalogue.js';
import { buildProblem, retryAfterSeconds } from './problem.js';

const place = { instance: '/automations/v2', correlationId: 'c-1' };

describe('a problem document', () => {
  it('names what was wrong, where, and the code, also under the older member name', () => {
    expect(buildProblem({ code: 'AUTOMATION_V2_NOT_FOUND', message: 'no automation "x"' }, place)).toEqual({
      type: '/docs/errors#AUTOMATION_V2_NOT_FOUND', title: 'There is no such automation', status: 404, detail: 'no automation "x"',
      instance: '/automations/v2', code: 'AUTOMATION_V2_NOT_FOUND', error: 'no automation "x"', correlationId: 'c-1',
    });
  });

  it('carries the details of a refusal at the top level', () => {
    const winningDecision = { node_id: 'approve', decision: 'approve', decided_at_ms: 1 };
    const problem = buildProblem({ code: 'AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL', message: 'decided', details: { runID: 'r', currentStatus: 'running', winningDecision } }, place);
    expect(problem).toMatchObject({ status: 409, runID: 'r', currentStatus: 'running', winningDecision });
  });

  it('lets no detail replace a standard member', () => {
    const problem = buildProblem({ code: 'INTERNAL', message: 'broke', details: { status: 200, code: 'OK', correlationId: 'forged', type: 'x' } }, place);
    expect(problem).toMatchObject({ status: 500, code: 'INTERNAL', correlationId: 'c-1', type: '/docs/errors#INTERNAL' });
  });

  it('answers the code itself in `error` on the routes whose older clients read it there', () => {
    expect(buildProblem({ code: 'stateful_run_not_found', message: 'no run', details: { run_id: 'r' } }, place)).toMatchObject({ error: 'stateful_run_not_found', run_id: 'r', status: 404 });
  });

  it('treats a code from a newer release as an internal error', () => {
    expect(buildProblem({ code: 'FROM_THE_FUTURE', message: 'x' }, place)).toMatchObject({ status: 500, code: 'FROM_THE_FUTURE' });
  });
});

describe('statuses', () => {
  it('give every code a 4xx or 5xx status', () => {
    for (const code of Object.keys(httpErrorCatalogue)) expect([code, statusOfCode(code) >= 400 && statusOfCode(code) < 600]).toEqual([code, true]);
  });

  it('give every kind a status of its own', () => {
    expect(new Set(Object.values(statusOfKind)).size).toBe(Object.keys(statusOfKind).length);
  });

  it('cover the whole shared catalogue', () => {
    expect(Object.keys(errorCatalogue).filter((code) => !isHttpErrorCode(code))).toEqual([]);
  });
});

describe('Retry-After', () => {
  it('is what the service says, one second for what passes by itself, and absent otherwise', () => {
    expect(retryAfterSeconds('LOG_UNAVAILABLE', 7)).toBe(7);
    expect(retryAfterSeconds('LOG_UNAVAILABLE')).toBe(1);
    expect(retryAfterSeconds('RATE_LIMITED')).toBe(1);
    expect(retryAfterSeconds('AUTOMATION_V2_NOT_FOUND')).toBeUndefined();
  });
});
