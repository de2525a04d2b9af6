import { createOutboundHttp } from '@cs/outbound-http';
import { fuzzCallbacks, nowMs } from '../chat/fuzz.fixture.js';
import { TelegramChannel } from './telegram-channel.adapter.js';
import { promptReference } from './telegram-prompt.js';

const token = '0123456789abcdef0123456789abcdef';
const botToken = '5001:token';
const secret = 'the_secret_of_the_webhook';
const http = createOutboundHttp({ egressAllow: [] });
const at = nowMs / 1000;
const chat = { id: -1001, type: 'supergroup' };
const ada = { id: 2001, is_bot: false, first_name: 'Ada' };
const prompt = `Ada: Why?\n${promptReference(botToken, { decision: 'rework', token, chatId: '-1001', userId: '2001' })}`;
const call = (body: Uint8Array, headers: Readonly<Record<string, string>>) => ({ body, headers, received_at_ms: nowMs });
const header = (value: string) => ({ 'x-telegram-bot-api-secret-token': value });

describe('Channels: fuzz of Telegram', () => {
  afterAll(() => http.close());
  fuzzCallbacks({
    platform: 'Telegram',
    channel: new TelegramChannel({ http, botToken, webhookSecret: secret, now: () => nowMs }),
    valid: [
      { update_id: 1, callback_query: { id: '77', from: ada, message: { message_id: 5, date: at, chat }, chat_instance: '1', data: `tdm:approve:${token}` } },
      { update_id: 2, message: { message_id: 6, date: at, chat, from: ada, text: 'A voucher', reply_to_message: { message_id: 5, date: at - 60, chat, from: { id: 5001, is_bot: true, first_name: 'C' }, text: prompt } } },
      { update_id: 3, message: { message_id: 7, date: at, chat: { id: 2001, type: 'private' }, from: ada, text: '/start AB12CD34' } },
      { update_id: 4, edited_message: { message_id: 7, date: at, chat, from: ada, text: 'x' } },
      { update_id: 5, callback_query: { id: '78', from: ada, message: { message_id: 5, date: at, chat }, chat_instance: '1', data: 'tdm:approve:tgcb_0123456789abcdef' } },
    ],
    signed: (body) => call(body, header(secret)),
    breaks: [
      ({ body }) => call(body, {}),
      ({ body }, mutations) => call(body, header(mutations.oneOf(['', ' ', 'x', secret.slice(1), `${secret}_`, secret.toUpperCase(), 'x'.repeat(10_000)]))),
    ],
  });
});
