import { createHash } from 'node:crypto';
import type { Outgoing } from '@cs/notification';
import type { SendMailOptions } from 'nodemailer';
import { cleanLine } from '../chat/chat-text.js';
import type { EmailContent } from './email-card.js';

export interface EmailSender {
  /** Address that mails come from. */
  readonly from: string;
  /** Shown before it. */
  readonly fromName?: string | undefined;
}

const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1).toLowerCase();

/** The same for every attempt of a delivery: a mail that comes twice is one mail to mail systems. */
export const messageIdOf = (deliveryId: string, from: string): string => {
  const left = /^[A-Za-z0-9][A-Za-z0-9-]{0,127}$/.test(deliveryId) ? deliveryId : createHash('sha256').update(deliveryId).digest('hex');
  return `<${left}@${domainOf(from)}>`;
};

const messageId = /^<[^<>\s@]{1,200}@[^<>\s@]{1,253}>$/;

/** The mails above this one, the first of the run first. Whatever is no Message-ID does not become a header. */
const referencesOf = ({ thread, asked }: Outgoing, own: string): readonly string[] =>
  [...new Set([...(thread === undefined ? [] : [thread]), ...asked].map(({ message_id }) => message_id))].filter((id) => id !== own && messageId.test(id));

/** The whole mail. What follows a question answers to it, and has its subject: mail programs show them together. */
export const mailOf = (outgoing: Outgoing, { to, content, sender }: { readonly to: string; readonly content: EmailContent; readonly sender: EmailSender }): SendMailOptions => {
  const own = messageIdOf(outgoing.request.delivery_id, sender.from);
  const references = referencesOf(outgoing, own);
  const inReplyTo = outgoing.asked.map(({ message_id }) => message_id).find((id) => references.includes(id)) ?? references[0];
  const { subject, text, html } = content;
  return {
    messageId: own, from: { name: cleanLine(sender.fromName ?? 'Countersign'), address: sender.from }, to: { name: '', address: to }, envelope: { from: sender.from, to: [to] },
    subject: outgoing.asked.length > 0 ? `Re: ${subject}` : subject, text, html, textEncoding: 'quoted-printable',
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    ...(inReplyTo === undefined ? {} : { inReplyTo, references: [...references] }),
    disableFileAccess: true, disableUrlAccess: true,
  };
};
