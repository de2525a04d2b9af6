/** What a credential looks like, by who issues it. Every pattern is linear in the length of the text. */
const credentials: readonly RegExp[] = [
  // Private keys, whole or cut off.
  /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g,
  // JSON Web Tokens.
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?/g,
  // Clouds: AWS key ids, Google API keys and OAuth tokens, Azure storage keys and SAS signatures.
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bAIza[A-Za-z0-9_-]{35}/g,
  /\bya29\.[A-Za-z0-9_-]{20,}/g,
  /\bAccountKey=[A-Za-z0-9+/=]{40,}/g,
  /([?&]sig=)[A-Za-z0-9%+/=_-]{20,}/g,
  // APIs: OpenAI and Anthropic, Stripe, SendGrid, npm, Hugging Face, Twilio.
  /\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{20,}/g,
  /\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}/g,
  /\bwhsec_[A-Za-z0-9+/=]{16,}/g,
  /\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}/g,
  /\bnpm_[A-Za-z0-9]{36}\b/g,
  /\bhf_[A-Za-z0-9]{30,}\b/g,
  // Version control: GitHub, GitLab, Bitbucket.
  /\bgh[pousr]_[A-Za-z0-9]{20,}/g,
  /\bgithub_pat_[A-Za-z0-9_]{20,}/g,
  /\bgl(?:pat|dt|rt|cbt|ptt|ft)-[A-Za-z0-9_-]{20,}/g,
  /\bATBB[A-Za-z0-9]{24,}/g,
  // Chats: Slack tokens and hooks, Discord bots and hooks, Telegram bots.
  /\bx(?:ox[abeoprs]|app)-[A-Za-z0-9-]{10,}/g,
  /\bhooks\.slack\.com\/(?:services|workflows|triggers)\/[A-Za-z0-9/_-]+/g,
  /\bdiscord(?:app)?\.com\/api\/webhooks\/\d+\/[A-Za-z0-9_-]+/g,
  /\b[MNO][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}/g,
  /\b\d{8,10}:[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/g,
  // What says itself that it is one: authorization headers, passwords in URLs.
  /\b((?:Bearer|Basic|Token)\s+)[A-Za-z0-9._~+/=-]{16,}/gi,
  /([a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@]{1,100}:)[^\s/@]{1,200}(?=@)/gi,
];

const mark = '[redacted]';

/** Takes credentials out of a text. Markdown stays as it is. */
export const redactCredentials = (text: string): string =>
  credentials.reduce((redacted, pattern) => redacted.replace(pattern, (_match, lead: unknown) => (typeof lead === 'string' ? `${lead}${mark}` : mark)), text);

/** Something in the text looks like a credential. */
export const holdsCredential = (text: string): boolean => credentials.some((pattern) => text.search(pattern) >= 0);
