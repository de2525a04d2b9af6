const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text as HTML, inside elements and quoted attributes. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? '');

/** The same with its line ends. */
export const linesHtml = (text: string): string => escapeHtml(text).replaceAll('\n', '<br>\n');

/** An element with an inline style: mail programs drop style sheets. `content` is HTML. */
export const styled = (tag: string, style: string, content: string): string => `<${tag} style="${style}">${content}</${tag}>`;

const frame = 'margin:0;padding:16px;background:#f4f5f7;color:#1d1c1d;font:15px/1.5 Helvetica,Arial,sans-serif';
const sheet = 'max-width:600px;margin:0 auto;padding:20px 24px;background:#ffffff;border:1px solid #dcdfe4;border-radius:8px;overflow-wrap:anywhere';

/** A whole mail: no script, nothing that is loaded from elsewhere. */
export const emailDocument = (title: string, parts: readonly string[]): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title></head>
<body style="${frame}"><div style="${sheet}">
${parts.filter((part) => part !== '').join('\n')}
</div></body></html>
`;
