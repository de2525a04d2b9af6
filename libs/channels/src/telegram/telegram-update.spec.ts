import { readTelegramUpdate, refuseTelegramSecret } from './telegram-update.js';

const secret = 'Secret_of-the_webhook1';
const refusal = (given: string | undefined, configured = secret) => refuseTelegramSecret(configured, { headers: given === undefined ? {} : { 'x-telegram-bot-api-secret-token': given }, body: Buffer.from('{}'), received_at_ms: 0 });

describe('Channels: signature suite of Telegram, which sends a secret and no time', () => {
  it('valid: the same', () => {
    expect(refusal(secret)).toBeUndefined();
  });

  it.each([['no header', undefined], ['an empty header', '']])('missing: %s', (_what, given) => {
    expect(refusal(given)).toContain('missing');
  });

  it.each([
    ['forged, of the same length', 'Secret_of-the_webhook2'], ['malformed: in another case', secret.toUpperCase()], ['malformed: padded', ` ${secret}`], ['malformed: a line feed behind', `${secret}\n`],
    ['lengths: shorter', secret.slice(0, -1)], ['lengths: one character', secret.slice(0, 1)], ['lengths: longer', `${secret}x`], ['lengths: twice', secret.repeat(2)], ['lengths: much longer', secret.repeat(1_000)],
  ])('%s', (_what, given) => {
    expect(refusal(given)).toBe('X-Telegram-Bot-Api-Secret-Token does not fit');
  });

  it('lengths: the longest secret that Telegram takes', () => {
    const longest = 'a'.repeat(256);
    expect(refusal(longest, longest)).toBeUndefined();
    expect(refusal(longest.slice(1), longest)).toContain('does not fit');
  });

  it('changed body: the secret covers none, so the body is only believed to be Telegram’s', () => {
    expect(refuseTelegramSecret(secret, { headers: { 'x-telegram-bot-api-secret-token': secret }, body: Buffer.from('{"update_id":2}'), received_at_ms: 0 })).toBeUndefined();
  });

  it('empty secret: is refused when none is configured, whatever comes', () => {
    expect(refusal('', '')).toContain('not configured');
    expect(refusal(undefined, '')).toContain('not configured');
    expect(refusal(secret, '')).toContain('not configured');
  });

  it('other secret, installation secrets do not leak across installations: the secret of another one opens nothing here, and no answer says either', () => {
    const other = 'secret_of_another_installation';
    const found = refusal(other) ?? '';
    expect(refusal(other, other)).toBeUndefined();
    expect([found !== '', found.includes(other), found.includes(secret)]).toEqual([true, false, false]);
  });
});

describe('Channels: updates of Telegram', () => {
  const read = (update: unknown) => readTelegramUpdate(Buffer.from(JSON.stringify(update)), '5001:t');

  it.each([['edited_message', { message_id: 1 }], ['my_chat_member', {}], ['poll', {}], ['a kind of tomorrow', { x: 1 }]])('are taken and ignored when they are of %s', (kind, value) => {
    expect(read({ update_id: 1, [kind]: value })).toEqual({ kind: 'answered', answer: expect.objectContaining({ status: 200, body: '{}' }) });
  });

  it.each([[{}], [{ update_id: 'x' }], [[]], [null], [7]])('are refused when they are none: %j', (update) => {
    expect(read(update)).toMatchObject({ kind: 'refused', status: 400 });
  });

  it('of bots and of channels are ignored', () => {
    const message = { message_id: 1, date: 1, chat: { id: -1001, type: 'channel' }, text: '/enrol AB12CD34' };
    expect(read({ update_id: 1, message })).toMatchObject({ kind: 'answered', answer: { body: '{}' } });
    expect(read({ update_id: 1, message: { ...message, from: { id: 3, is_bot: true, first_name: 'B' } } })).toMatchObject({ kind: 'answered', answer: { body: '{}' } });
    expect(read({ update_id: 1, message: { ...message, from: { id: 3, is_bot: false, first_name: 'B' } } })).toMatchObject({ kind: 'interaction', interaction: { interaction_key: '1', action: { kind: 'enrol', code: 'AB12CD34' } } });
  });
});
