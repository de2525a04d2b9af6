import { channelSettingsSchema } from '@cs/contracts';
import { createOutboundSockets } from '@cs/outbound-http';
import { addressOf, isEmailAddress } from './email-address.js';
import { emailKind } from './email-kind.js';

const options = { host: 'smtp.example.com', from: 'countersign@example.com' };
const problems = (settings: object): readonly string[] => emailKind({ sockets: createOutboundSockets({ egressAllow: [] }) }).check(channelSettingsSchema.parse({ recipient: 'ops@example.com', options, ...settings })).map(({ path }) => path);

describe('Channels: settings of an e-mail channel', () => {
  it.each([
    [{}, []],
    [{ options: { ...options, port: '2525', tls: 'none', from_name: 'Signatures, please' } }, []],
    [{ options: { ...options, tls: 'implicit', username: 'apikey' } }, []],
    [{ options: {} }, ['options.host', 'options.from']],
    [{ options: { ...options, host: 'smtp.example.com:25', port: '0', tls: 'ssl', from: 'Ada <ada@example.com>', from_name: 'a\r\nBcc: eve@example.com' } }, ['options.host', 'options.from', 'options.port', 'options.tls', 'options.from_name']],
    [{ options: { ...options, tls: 'none', username: 'ada' } }, ['options.username']],
    [{ options: { ...options, user: 'ada' } }, ['options.user']],
    [{ base_url: 'http://127.0.0.1:1' }, ['base_url']],
    [{ recipient: 'C024BE91L' }, ['recipient']],
    [{ routes: [{ recipient: 'a@example.com, b@example.com' }], quiet_hours: { hours: { from: '22:00', to: '06:00' }, escalate_to: 'night' }, run_notices: { recipient: 'x' } }, ['routes[0].recipient', 'quiet_hours.escalate_to', 'run_notices.recipient']],
  ])('%j has problems at %j', (settings, paths) => {
    expect(problems(settings)).toEqual(paths);
  });
});

describe('Channels: recipients of e-mail', () => {
  it.each([
    ['ops@example.com', true], ['first.last+tag@sub.example.com', true], ['root@localhost', true],
    ['ops@example.com\r\nBcc: eve@example.com', false], ['ops@example.com\n', false], ['Ops <ops@example.com>', false], ['ops@example.com,eve@example.com', false], ['ops@example.com eve@example.com', false],
    ['"a b"@example.com', false], ['ops@', false], ['@example.com', false], ['ops', false], ['.ops@example.com', false], ['o..s@example.com', false], ['ops.@example.com', false], ['ops@-example.com', false], ['ops@[127.0.0.1]', false],
    ['ops@exämple.com', false], ['ops@example.com\u0000', false], [`${'a'.repeat(65)}@example.com`, false], ['ops@example.com> SIZE=1', false],
  ])('%j can be written to: %s', (text, isAddress) => {
    expect(isEmailAddress(text)).toBe(isAddress);
  });

  it('may be said to be a person', () => {
    expect(addressOf('user:ada@example.com')).toBe('ada@example.com');
    expect(addressOf('user:4711')).toBeUndefined();
  });
});
