/** One thing that Discord refuses in a body, at a path such as `embeds.0.title`. */
export interface FormProblem {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

type Members = Readonly<Record<string, unknown>>;

export const membersOf = (value: unknown): Members => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {});
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const tooLong = (path: string, max: number): FormProblem => ({ path, code: 'BASE_TYPE_MAX_LENGTH', message: `Must be ${max} or fewer in length.` });
const required: Omit<FormProblem, 'path'> = { code: 'BASE_TYPE_REQUIRED', message: 'This field is required' };

/** A text of 1 to `max` characters, where it is there or has to be. */
const text = (value: unknown, path: string, { max, isRequired = false }: { readonly max: number; readonly isRequired?: boolean }): FormProblem[] => {
  if (value === undefined || value === null) return isRequired ? [{ path, ...required }] : [];
  if (typeof value !== 'string') return [{ path, code: 'STRING_TYPE_CONVERT', message: 'Could not interpret value as string.' }];
  if (/\p{Surrogate}/u.test(value)) return [{ path, code: 'STRING_TYPE_CONVERT', message: 'Not well formed.' }];
  if (isRequired && value.trim() === '') return [{ path, ...required }];
  return value.length > max ? [tooLong(path, max)] : [];
};

const webUrl = (value: unknown, path: string): FormProblem[] => {
  if (value === undefined) return [];
  const isUrl = typeof value === 'string' && value.length <= 2048 && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) && new URL(value).hostname.includes('.');
  return isUrl ? [] : [{ path, code: 'URL_TYPE_INVALID_URL', message: 'Not a well formed URL.' }];
};

const field = (value: unknown, path: string): FormProblem[] => {
  const { name, value: shown } = membersOf(value);
  return [...text(name, `${path}.name`, { max: 256, isRequired: true }), ...text(shown, `${path}.value`, { max: 1024, isRequired: true })];
};

const embed = (value: unknown, path: string): FormProblem[] => {
  const { title, description, url, color, fields, footer, author, timestamp } = membersOf(value);
  const every = listOf(fields);
  return [
    ...text(title, `${path}.title`, { max: 256 }), ...text(description, `${path}.description`, { max: 4096 }), ...webUrl(url, `${path}.url`),
    ...(color === undefined || (Number.isInteger(color) && Number(color) >= 0 && Number(color) <= 0xffffff) ? [] : [{ path: `${path}.color`, code: 'NUMBER_TYPE_MAX', message: 'int value should be between 0 and 16777215' }]),
    ...(timestamp === undefined || (typeof timestamp === 'string' && !Number.isNaN(Date.parse(timestamp))) ? [] : [{ path: `${path}.timestamp`, code: 'DATETIME_TYPE_PARSE', message: 'Could not parse value.' }]),
    ...(every.length > 25 ? [{ path: `${path}.fields`, code: 'BASE_TYPE_MAX_LENGTH', message: 'Must be 25 or fewer in length.' }] : []),
    ...every.flatMap((one, index) => field(one, `${path}.fields.${index}`)),
    ...(footer === undefined ? [] : text(membersOf(footer)['text'], `${path}.footer.text`, { max: 2048, isRequired: true })),
    ...(author === undefined ? [] : text(membersOf(author)['name'], `${path}.author.name`, { max: 256, isRequired: true })),
  ];
};

const length = (value: unknown): number => (typeof value === 'string' ? value.length : 0);
/** Characters of all embeds of a message together. */
const totalLength = (embeds: readonly unknown[]): number =>
  embeds.map(membersOf).reduce((total, { title, description, footer, author, fields }) => total + length(title) + length(description) + length(membersOf(footer)['text']) + length(membersOf(author)['name'])
    + listOf(fields).map(membersOf).reduce((sum, { name, value }) => sum + length(name) + length(value), 0), 0);

const button = (value: unknown, path: string): FormProblem[] => {
  const { type, style, label, custom_id, url } = membersOf(value);
  if (type !== 2) return [{ path: `${path}.type`, code: 'UNION_TYPE_CHOICES', message: 'Value of field "type" must be one of (2,).' }];
  if (![1, 2, 3, 4, 5].includes(Number(style))) return [{ path: `${path}.style`, code: 'BASE_TYPE_CHOICES', message: 'Value must be one of {1, 2, 3, 4, 5}.' }];
  const target = style === 5 ? [...(custom_id === undefined ? [] : [{ path: `${path}.custom_id`, code: 'BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE', message: 'A custom id and url cannot both be specified' }]), ...(url === undefined ? [{ path: `${path}.url`, ...required }] : webUrl(url, `${path}.url`))] : text(custom_id, `${path}.custom_id`, { max: 100, isRequired: true });
  return [...text(label, `${path}.label`, { max: 80, isRequired: true }), ...target];
};

const row = (value: unknown, path: string): FormProblem[] => {
  const { type, components } = membersOf(value);
  const buttons = listOf(components);
  if (type !== 1) return [{ path: `${path}.type`, code: 'UNION_TYPE_CHOICES', message: 'Value of field "type" must be one of (1,).' }];
  if (buttons.length < 1 || buttons.length > 5) return [{ path: `${path}.components`, code: 'BASE_TYPE_BAD_LENGTH', message: 'Must be between 1 and 5 in length.' }];
  return buttons.flatMap((one, index) => button(one, `${path}.components.${index}`));
};

export const customIdsOf = (components: unknown): readonly string[] =>
  listOf(components).flatMap((one) => listOf(membersOf(one)['components'])).map((one) => membersOf(one)['custom_id']).filter((id): id is string => typeof id === 'string');

/** What Discord refuses in the body of a message: https://discord.com/developers/docs/resources/message#create-message */
export const messageProblems = (body: unknown): readonly FormProblem[] => {
  const { content, embeds, components, nonce } = membersOf(body);
  const [everyEmbed, rows] = [listOf(embeds), listOf(components)];
  const ids = customIdsOf(components);
  return [
    ...text(content, 'content', { max: 2000 }),
    ...(everyEmbed.length > 10 ? [{ path: 'embeds', code: 'BASE_TYPE_MAX_LENGTH', message: 'Must be 10 or fewer in length.' }] : []),
    ...everyEmbed.flatMap((one, index) => embed(one, `embeds.${index}`)),
    ...(totalLength(everyEmbed) > 6000 ? [{ path: 'embeds', code: 'MAX_EMBED_SIZE_EXCEEDED', message: 'Embed size exceeds maximum size of 6000' }] : []),
    ...(rows.length > 5 ? [{ path: 'components', code: 'BASE_TYPE_BAD_LENGTH', message: 'Must be between 0 and 5 in length.' }] : []),
    ...rows.flatMap((one, index) => row(one, `components.${index}`)),
    ...(new Set(ids).size < ids.length ? [{ path: 'components', code: 'COMPONENT_CUSTOM_ID_DUPLICATED', message: 'Component custom id cannot be duplicated' }] : []),
    ...(nonce === undefined || typeof nonce === 'number' ? [] : text(nonce, 'nonce', { max: 25 })),
  ];
};

/** What Discord refuses in a modal. */
export const modalProblems = (data: unknown): readonly FormProblem[] => {
  const { title, custom_id, components } = membersOf(data);
  const inputs = listOf(components).map((one) => membersOf(listOf(membersOf(one)['components'])[0]));
  return [
    ...text(title, 'title', { max: 45, isRequired: true }), ...text(custom_id, 'custom_id', { max: 100, isRequired: true }),
    ...(inputs.length < 1 || inputs.length > 5 ? [{ path: 'components', code: 'BASE_TYPE_BAD_LENGTH', message: 'Must be between 1 and 5 in length.' }] : []),
    ...inputs.flatMap(({ type, custom_id: id, label, style, max_length: max }, index) => [
      ...(type === 4 && (style === 1 || style === 2) ? [] : [{ path: `components.${index}`, code: 'UNION_TYPE_CHOICES', message: 'Must be a text input.' }]),
      ...text(id, `components.${index}.custom_id`, { max: 100, isRequired: true }), ...text(label, `components.${index}.label`, { max: 45, isRequired: true }),
      ...(max === undefined || (Number(max) >= 1 && Number(max) <= 4000) ? [] : [{ path: `components.${index}.max_length`, code: 'NUMBER_TYPE_MAX', message: 'int value should be less than or equal to 4000.' }]),
    ]),
  ];
};

/** The body of Discord's answer to a form that it refuses. */
export const invalidForm = (problems: readonly FormProblem[]): unknown => {
  const errors: Record<string, unknown> = {};
  for (const { path, code, message } of problems) {
    let at = errors;
    for (const key of path.split('.')) at = (at[key] ??= {}) as Record<string, unknown>;
    at['_errors'] = [{ code, message }];
  }
  return { message: 'Invalid Form Body', code: 50_035, errors };
};
