import fc from 'fast-check';
import { redactCardText, shown } from './card-text.js';

describe('the text of a card', () => {
  it('holds no path of a host and no credential', () => {
    expect(shown('Deploy /srv/app/bin with xoxb-123456789012-abcdef from https://ci.example/home/7', 200)).toBe('Deploy [path] with [redacted] from https://ci.example/home/7');
    expect(redactCardText(String.raw`C:\Users\ada\ghp_0123456789abcdefghijklmnopqrstuvwxyzAB`)).toBe('[path]');
    expect(redactCardText('Bearer aB3aB3aB3aB3aB3aB3a://b:c@/home/x')).toBe('Bearer [redacted]://b:c@[path]');
  });

  const part = fc.constantFrom('/home/x', '/etc/', `ghp_${'a1B2'.repeat(9)}`, 'Bearer ', 'aB3aB3aB3aB3aB3aB3', 'a://b:c@', ' ', 'C:\\x', '"', 'https://x/', '\n', ']');

  it('changes nothing the second time, and stays within its length', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.array(part, { maxLength: 20 }).map((parts) => parts.join(''))), (text) => {
      const once = redactCardText(text);
      expect(redactCardText(once)).toBe(once);
      expect(once.length).toBeLessThanOrEqual(text.length * 3 + 10);
      expect(shown(text, 40).length).toBeLessThanOrEqual(40);
    }), { numRuns: 1_000 });
  });
});
