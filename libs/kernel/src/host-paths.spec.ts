import fc from 'fast-check';
import { redactHostPaths } from './host-paths.js';

describe('redacting paths of hosts', () => {
  it.each([
    ['cannot read /home/ada/keys/id_rsa', 'cannot read [path]'],
    ['open "/Users/Ada/Library/x.json" failed', 'open "[path]" failed'],
    ['see /var/log/app.log.', 'see [path].'],
    ['(/etc/passwd)', '([path])'],
    ['file=/tmp/a-b_c.txt, again', 'file=[path], again'],
    ['/root/.ssh/config\n/opt/app/bin', '[path]\n[path]'],
    ['ENOENT: /srv/data/über/ä.csv', 'ENOENT: [path]'],
    ['at load (/usr/lib/node/index.js:10:5)', 'at load ([path]:10:5)'],
    ['/private/var/folders/x and /mnt/share/y', '[path] and [path]'],
    ['file:///home/ada/x.txt', '[path]'],
    [String.raw`C:\Users\ada\secret.txt`, '[path]'],
    [String.raw`in C:\Program Files\App\a.dll now`, 'in [path] now'],
    [String.raw`{"path":"D:\\data\\x"}`, '{"path":"[path]"}'],
    [String.raw`\\files01\share\hr\pay.xlsx`, '[path]'],
    ['C:/Users/ada/x', '[path]'],
  ])('takes them out: %s', (text, redacted) => {
    expect(redactHostPaths(text)).toBe(redacted);
  });

  it.each([
    'https://example.com/home/ada/orders?next=/var/x', 'POST /refunds with {"amount":12}', 'and/or', 'either/or/neither', '12/31/2026', '/approve', '/refunds/1/home', 'docs/var/x', './home/ada', '~/notes', 's3://bucket/etc/x',
    'GET /users/1', '/data/x', '/app/settings', 'at 10:45', 'ratio 1:2', '/home', '/etc', String.raw`a\b\c`, '[text](/inbox/o1)', 'a://b', 'ask Ada: yes', 'http://127.0.0.1:4400/tmp/x',
  ])('leaves alone: %s', (text) => {
    expect(redactHostPaths(text)).toBe(text);
  });

  const part = fc.constantFrom('/', '\\', '\\\\', '/home', '/etc/', 'C:', 'C:\\', 'x', ' ', 'a b', '://', 'https', ':', '"', '.', '[path]', '\n', 'file', '~', '/tmp/x', 'É');
  const anyPaths = fc.oneof(fc.string({ unit: 'grapheme' }), fc.array(part, { maxLength: 40 }).map((parts) => parts.join('')));

  it('changes nothing the second time, and makes no text longer than by half', () => {
    fc.assert(fc.property(anyPaths, (text) => {
      const once = redactHostPaths(text);
      expect(redactHostPaths(once)).toBe(once);
      expect(once.length).toBeLessThanOrEqual(text.length * 1.5 + 2);
    }), { numRuns: 2_000 });
  });

  it('takes no time on hostile text', () => {
    for (const repeated of ['/home/', 'C:\\', 'C:\\a b ', '\\\\a\\', 'a b c d\\', '/home', 'https://', 'file://', 'x', '/etc/x/']) {
      const started = performance.now();
      redactHostPaths(repeated.repeat(Math.floor(200_000 / repeated.length)));
      expect(performance.now() - started).toBeLessThan(2_000);
    }
  });
});
