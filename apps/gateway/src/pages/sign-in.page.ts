import { html, type Html } from './html.js';

export interface SignInView {
  /** Where to go afterwards: a path of the inbox. */
  readonly to: string;
  readonly notice?: string | undefined;
}

/** Asks for the credential that the API takes. */
export const signInPage = ({ to, notice }: SignInView): Html => html`<h1>Sign in</h1>
${notice !== undefined && html`<p class="notice" role="alert">${notice}</p>`}
<form method="post" action="/inbox/session">
<input type="hidden" name="to" value="${to}">
<label for="credential">Your API key, or a signed assertion</label>
<input id="credential" name="credential" type="password" required autocomplete="current-password" spellcheck="false">
<div class="buttons"><button class="approve">Sign in</button></div>
</form>
<p>The browser keeps it sealed for eight hours; only this server can open it.</p>`;

/** The local person is not driven from elsewhere: a link of another site leads here first. */
export const crossingPage = (to: string): Html => html`<h1>Opened from another page</h1>
<p>A link of another site led here. <a href="${to}">Show the page</a></p>
<p>If that leads back here, open this server by its local name, http://localhost or http://127.0.0.1 with its port.</p>`;

export const messagePage = (title: string, text: string): Html => html`<h1>${title}</h1><p class="notice" role="alert">${text}</p><p><a href="/inbox">To the inbox</a></p>`;
