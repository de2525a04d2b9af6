import type { FastifyReply } from 'fastify';
import type { Caller } from '../identity/caller.js';
import { html, type Html } from './html.js';
import { nameOf } from './page-texts.js';

/** No script, nothing from elsewhere, no frame; forms go to this server only. */
const policy = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

export interface Page {
  readonly title: string;
  readonly body: Html;
  /** Absent: nobody is signed in. */
  readonly visitor?: { readonly caller: Caller; readonly bySession: boolean } | undefined;
}

const signOut = html`<form method="post" action="/inbox/session/end"><button class="plain">Sign out</button></form>`;

const signedIn = ({ caller: { actor, tenant }, bySession }: NonNullable<Page['visitor']>): Html =>
  html`<p>${nameOf(actor)}, ${tenant.org_id}/${tenant.workspace_id}</p>${bySession && signOut}`;

const textOf = ({ title, body, visitor }: Page): string => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<title>${title}</title>
<link rel="stylesheet" href="/inbox/assets/inbox.css">
</head>
<body>
<header><nav aria-label="Inbox"><a href="/inbox">Inbox</a></nav>${visitor && signedIn(visitor)}</header>
<main>
${body}
</main>
</body>
</html>
`.text;

/** Sends a page. A form of it has an `Origin` to show, which a stricter policy on referrers would hide. */
export const sendPage = (reply: FastifyReply, status: number, page: Page): void => {
  reply.headers({ 'content-security-policy': policy, 'referrer-policy': 'same-origin', 'cross-origin-opener-policy': 'same-origin', 'x-robots-tag': 'noindex, nofollow' });
  reply.code(status).type('text/html; charset=utf-8').send(textOf(page));
};
