const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text as HTML, inside elements and quoted attributes. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? '');

const frame = `
*{box-sizing:border-box}body{margin:0;font:15px/1.45 system-ui,sans-serif;color:#1d1c1d;background:#fff}
.double-note{padding:6px 16px;background:#fff7d6;border-bottom:1px solid #e8d48a;font-size:13px}
.double-told{margin:12px 16px;padding:8px 12px;border-left:4px solid #36c5f0;background:#eef8fd;white-space:pre-wrap}
main{max-width:760px;margin:0 auto;padding:12px 16px}button{font:inherit;cursor:pointer}form{display:inline}`;

export interface PageParts {
  readonly title: string;
  readonly style: string;
  /** HTML. */
  readonly content: string;
  /** What the last action answered; plain text. */
  readonly told?: string | undefined;
  /** Seconds until the page looks again. Default: it does not. */
  readonly refreshS?: number | undefined;
}

/** A page that needs nothing but itself: no script, no network. */
export const pageShell = ({ title, style, content, told, refreshS }: PageParts): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>
${refreshS === undefined ? '' : `<meta http-equiv="refresh" content="${refreshS}">`}<style>${frame}${style}</style></head>
<body><div class="double-note">${escapeHtml(title)}: a stand-in on this machine. Nothing here leaves it.</div>
${told === undefined ? '' : `<div class="double-told">${escapeHtml(told)}</div>`}<main>${content}</main></body></html>
`;

/** One hidden field of a form. */
export const hiddenField = (name: string, value: string): string => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`;
