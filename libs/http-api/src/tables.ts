import { httpErrorCatalogue, isHttpErrorCode, statusOfCode } from './http-error-catalogue.js';
import { cataloguedEvents } from './named-schemas.js';
import { allRoutes } from './routes.js';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n').concat('\n');

const errorRows = (): readonly { readonly code: string; readonly status: number; readonly title: string; readonly remedy: string }[] =>
  Object.keys(httpErrorCatalogue)
    .filter(isHttpErrorCode)
    .map((code) => ({ code, status: statusOfCode(code), title: httpErrorCatalogue[code].title, remedy: httpErrorCatalogue[code].remedy }));

/** Every error code with status, meaning and remedy, as a markdown table. */
export const errorsTable = (): string =>
  table(['Code', 'HTTP', 'Meaning', 'What to do'], errorRows().map(({ code, status, title, remedy }) => [`\`${code}\``, String(status), title, remedy]));

/** Every HTTP route, as a markdown table. */
export const routesTable = (): string =>
  table(['Route', 'What it does', 'Access', 'Codes of its own'], allRoutes.map(({ method, path, summary, access, errors }) => [
    `\`${method} ${path}\``, summary, access, errors.map((code) => `\`${code}\``).join(', '),
  ]));

/** Every event in the log, as a markdown table. */
export const eventsTable = (): string =>
  table(['Aggregate', 'Event', 'Version', 'Meaning', 'Audit record'], cataloguedEvents.map(({ aggregate, type, version, summary, audit }) => [
    aggregate, `\`${type}\``, String(version), summary, audit === undefined ? '' : `\`${audit}\``,
  ]));

const escapeHtml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
const withCode = (text: string): string => escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>');

/** The page that `type` of a problem points at: one anchor per code. Needs no script and no style. */
export const errorsPage = (): string => {
  const entries = errorRows().map(({ code, status, title, remedy }) =>
    `<section id="${escapeHtml(code)}"><h2>${escapeHtml(code)}</h2><p>HTTP ${status}. ${withCode(title)}.</p><p>${withCode(remedy)}</p></section>`);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Countersign: errors</title></head><body><main><h1>Errors</h1><p>Every refusal is <code>application/problem+json</code> with one of these codes.</p>${entries.join('')}</main></body></html>`;
};
