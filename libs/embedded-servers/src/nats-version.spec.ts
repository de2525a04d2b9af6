import { isNatsVersionSupported, parseNatsVersion } from './nats-version.js';

describe('the version of a NATS server', () => {
  it.each([
    ['nats-server: v2.14.0\n', '2.14.0'],
    ['nats-server: v2.12.0-RC.1', '2.12.0-RC.1'],
    ['nats-server version 2.9.10', '2.9.10'],
  ])('is read from %j', (output, version) => expect(parseNatsVersion(output)).toBe(version));

  it('is unknown when the program says none', () => expect(parseNatsVersion('usage: nats-server [options]')).toBeUndefined());

  it.each(['2.12.0', '2.14.0', '3.0.0', '10.1.0'])('%s is recent enough', (version) => expect(isNatsVersionSupported(version)).toBe(true));

  it.each(['2.9.10', '2.11.9', '1.14.0', 'that cannot be run'])('%s is refused', (version) => expect(isNatsVersionSupported(version)).toBe(false));
});
