import { eventually } from './eventually.js';

describe('eventually', () => {
  it('answers what the condition answers once it holds', async () => {
    let looks = 0;
    expect(await eventually(() => ((looks += 1) === 3 ? 'there' : undefined), { intervalMs: 1 })).toBe('there');
    expect(looks).toBe(3);
  });

  it('takes an exception as not yet, and zero and the empty text as there', async () => {
    let looks = 0;
    expect(await eventually(() => {
      looks += 1;
      if (looks < 3) throw new Error('not yet');
      return 0;
    }, { intervalMs: 1 })).toBe(0);
    expect(await eventually(() => '')).toBe('');
  });

  it('fails in time with what the last look found', async () => {
    await expect(eventually(() => false, { timeoutMs: 20, intervalMs: 1 })).rejects.toThrow('Not so within 20 ms: the condition answered false');
    await expect(eventually(() => Promise.reject(new Error('connection refused')), { timeoutMs: 20, intervalMs: 1 })).rejects.toThrow('Not so within 20 ms: connection refused');
  });

  it('fails in time when the condition never answers', async () => {
    await expect(eventually(() => new Promise<boolean>(() => undefined), { timeoutMs: 20 })).rejects.toThrow('the condition did not answer');
  });
});
