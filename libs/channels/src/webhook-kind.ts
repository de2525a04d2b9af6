import type { ChannelAdapter, ChannelKind } from '@cs/notification';
import type { PlatformParts } from './platform-parts.js';
import { directProblems, recipientProblems } from './settings-check.js';
import { postWebhook } from './webhook-channel.adapter.js';

const isHttpUrl = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);

/** Signed webhooks: each recipient is a URL. */
export const webhookKind = ({ http, now }: Pick<PlatformParts, 'http' | 'now'>): ChannelKind => ({
  kind: 'webhook',
  secrets: [{ role: 'signing_secret', required: true }],
  signsWith: ['signing_secret'],
  check: (settings) => [...recipientProblems(settings, isHttpUrl, { code: 'not_an_url', message: 'must be an http or https URL' }), ...directProblems(settings)],
  create: ({ secrets: { signing_secret: secret = '' } }): ChannelAdapter => ({
    deliver: async ({ request, recipient: url }) => {
      const outcome = await postWebhook({ http, url, secret, now }, request);
      return outcome.kind === 'sent' ? { kind: 'sent' } : outcome;
    },
  }),
});
