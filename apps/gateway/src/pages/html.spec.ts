import fc from 'fast-check';
import { html } from './html.js';

describe('a page', () => {
  it('holds no markup that its texts bring along', () => {
    expect(html`<p title="${'"><script>'}">${"<b>'&'</b>"}</p>`.text).toBe('<p title="&quot;&gt;&lt;script&gt;">&lt;b&gt;&#39;&amp;&#39;&lt;/b&gt;</p>');
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(html`${text}`.text).not.toMatch(/[<>"']/);
    }));
  });

  it('holds nothing that turns its texts round or hides them', () => {
    expect(html`${'pay \u202e0001\u2066 \u001b[2J'}`.text).toBe('pay  0001   [2J');
  });

  it('is put together from pieces, and leaves out what is not there', () => {
    expect(html`<ul>${[1, 2].map((item) => html`<li>${item}</li>`)}</ul>${false}${undefined}`.text).toBe('<ul><li>1</li><li>2</li></ul>');
  });
});
