import { readTelegramUpdate, refuseTelegramSecret } from './telegram-update.js';

const secret = 'Secret_of-the_webhook1';
const refusal = (given: string | undefined, configured = secret) => refuseTelegramSecret(configured, { headers: given === undefined ? {} : { 'x-telegram-bot-api-secret-token': given }, body: Buffer.from('{}'), received_at_ms: 0 });

describe('the secret of Telegram', () => {
  it('is taken when it is the same', () => {
    expect(refusal(secret)).toBeUndefined();
  });

  it.each([['missing', undefined], ['empty', ''], ['another', 'Secret_of-the_webhook2'], ['shorter', secret.slice(0, -1)], ['longer', `${secret}x`], ['in another case', secret.toUpperCase()], ['much longer', secret.repeat(1_000)], ['padded', ` ${secret}`]])('is refused when it is %s', (_, given) => {
    expect(refusal(given)).toEqual(expect.any(String));
  });

  it('is refused when none is configured, whatever comes', () => {
    expect(refusal('', '')).toContain('not configured');
    expect(refusal(undefined, '')).toContain('not configured');
  });
});

describe('updates of Telegram', () => {
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
