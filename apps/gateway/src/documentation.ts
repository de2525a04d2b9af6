import { asyncApiDocument, errorsPage, namedSchemaDocument, openApiDocument, schemaNames } from '@cs/http-api';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);

const ownVersion = (): string => {
  const manifest: unknown = require('../package.json');
  const version: unknown = typeof manifest === 'object' && manifest !== null ? Reflect.get(manifest, 'version') : undefined;
  return typeof version === 'string' ? version : '0.0.0';
};

/** Made on first use and kept: the catalogue does not change while the process runs. */
const once = (make: () => string): (() => string) => {
  let made: string | undefined;
  return () => (made ??= make());
};

export const openApiText = once(() => JSON.stringify(openApiDocument({ version: ownVersion() })));
export const asyncApiText = once(() => JSON.stringify(asyncApiDocument({ version: ownVersion() })));
export const errorsPageText = once(errorsPage);

/** One JSON Schema as text; `undefined` for an unknown name. */
export const schemaText = (name: string): string | undefined => {
  const document = namedSchemaDocument(name);
  return document === undefined ? undefined : JSON.stringify(document);
};

export const knownSchemas: readonly string[] = schemaNames;

/** Folder of the files that draw the API page. */
const swaggerUiFolder = path.dirname(require.resolve('swagger-ui-dist/package.json'));

/** What of that folder is served, with its media type. */
const swaggerUiFiles: ReadonlyMap<string, string> = new Map([
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  ['favicon-32x32.png', 'image/png'],
]);

const startScriptName = 'start.js';
/** A file of its own, so that the page's policy can forbid scripts inside the page. */
const startScript = "SwaggerUIBundle({ url: '/openapi.json', dom_id: '#api', deepLinking: true, validatorUrl: null });\n";

export interface Asset {
  readonly type: string;
  readonly content: Buffer;
}

/** A file of the API page; `undefined` for any other name. */
export const docsAsset = async (name: string): Promise<Asset | undefined> => {
  if (name === startScriptName) return { type: 'text/javascript; charset=utf-8', content: Buffer.from(startScript) };
  const type = swaggerUiFiles.get(name);
  return type === undefined ? undefined : { type, content: await readFile(path.join(swaggerUiFolder, name)) };
};

export const docsPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Countersign API</title>
<link rel="icon" href="/docs/assets/favicon-32x32.png">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/assets/${startScriptName}"></script>
</body>
</html>
`;

/** Everything the page needs comes from this server. */
export const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
