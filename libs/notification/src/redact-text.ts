import { redactCredentials } from '@cs/kernel';

/** Takes credentials out of a text that goes to a channel. Markdown stays as it is. */
export const redactText = redactCredentials;
