/** What is wrong with blocks or a view, one sentence each, as Slack lists it in `response_metadata.messages`. */
export type Problems = string[];
type Parts = Readonly<Record<string, unknown>>;

export const isParts = (value: unknown): value is Parts => typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

interface TextRule {
  readonly max: number;
  readonly types?: readonly string[];
}

const either = ['plain_text', 'mrkdwn'];

const blockMembers: Readonly<Record<string, readonly string[]>> = {
  header: ['text'], section: ['text', 'fields', 'accessory', 'expand'], divider: [], context: ['elements'], actions: ['elements'], input: ['label', 'element', 'hint', 'optional', 'dispatch_action'],
};

/** One check of blocks: what it finds, and the ids that it has seen. */
class BlockCheck {
  readonly problems: Problems = [];
  readonly #actionIds = new Set<string>();

  checkMembers(value: Parts, allowed: readonly string[], at: string): void {
    for (const name of Object.keys(value)) if (!allowed.includes(name)) this.problems.push(`invalid additional property: ${name} [${at}]`);
  }

  checkTextMembers(value: Parts, at: string): void {
    this.checkMembers(value, value['type'] === 'plain_text' ? ['type', 'text', 'emoji'] : ['type', 'text', 'verbatim'], at);
    if (value['emoji'] !== undefined && typeof value['emoji'] !== 'boolean') this.problems.push(`emoji is no boolean [${at}]`);
    if (value['verbatim'] !== undefined && typeof value['verbatim'] !== 'boolean') this.problems.push(`verbatim is no boolean [${at}]`);
  }

  checkText(value: unknown, at: string, { max, types = ['plain_text'] }: TextRule): void {
    if (!isParts(value)) return void this.problems.push(`missing required field: text [${at}]`);
    const { type, text } = value;
    if (!types.includes(String(type))) this.problems.push(`unsupported type: ${String(type)} [${at}]`);
    if (typeof text !== 'string' || text.length === 0) return void this.problems.push(`must be more than 0 characters [${at}]`);
    if (text.length > max) this.problems.push(`must be less than ${max + 1} characters [${at}]`);
    if (/\p{Surrogate}/u.test(text)) this.problems.push(`no well-formed Unicode [${at}]`);
    this.checkTextMembers(value, at);
  }

  checkString(value: unknown, at: string, max: number): void {
    if (value === undefined) return;
    if (typeof value !== 'string' || value.length === 0 || value.length > max) this.problems.push(`must be a string of 1 to ${max} characters [${at}]`);
  }

  checkConfirm(value: unknown, at: string): void {
    if (value === undefined) return;
    if (!isParts(value)) return void this.problems.push(`no confirmation dialog [${at}]`);
    this.checkText(value['title'], `${at}/title`, { max: 100 });
    this.checkText(value['text'], `${at}/text`, { max: 300, types: either });
    this.checkText(value['confirm'], `${at}/confirm`, { max: 30 });
    this.checkText(value['deny'], `${at}/deny`, { max: 30 });
    if (!['primary', 'danger', undefined].includes(value['style'] as string | undefined)) this.problems.push(`unsupported style [${at}]`);
  }

  checkButton(value: unknown, at: string): void {
    if (!isParts(value) || value['type'] !== 'button') return void this.problems.push(`unsupported element [${at}]`);
    this.checkMembers(value, ['type', 'text', 'action_id', 'value', 'url', 'style', 'confirm', 'accessibility_label'], at);
    this.checkText(value['text'], `${at}/text`, { max: 75 });
    this.checkString(value['action_id'], `${at}/action_id`, 255);
    this.checkString(value['value'], `${at}/value`, 2_000);
    this.checkString(value['url'], `${at}/url`, 3_000);
    if (value['url'] !== undefined && !URL.canParse(String(value['url']))) this.problems.push(`invalid url [${at}/url]`);
    if (!['primary', 'danger', undefined].includes(value['style'] as string | undefined)) this.problems.push(`unsupported style [${at}]`);
    this.checkConfirm(value['confirm'], `${at}/confirm`);
    const id = String(value['action_id'] ?? at);
    if (this.#actionIds.has(id)) this.problems.push(`action_id already exists: ${id} [${at}]`);
    this.#actionIds.add(id);
  }

  checkCount(list: readonly unknown[], at: string, max: number): void {
    if (list.length === 0 || list.length > max) this.problems.push(`must have 1 to ${max} items [${at}]`);
  }

  checkInput(block: Parts, at: string): void {
    this.checkText(block['label'], `${at}/label`, { max: 2_000 });
    const element = block['element'];
    if (!isParts(element) || element['type'] !== 'plain_text_input') return void this.problems.push(`unsupported element [${at}/element]`);
    this.checkString(element['action_id'], `${at}/action_id`, 255);
    const { min_length: min = 0, max_length: max = 3_000 } = element;
    if (typeof min !== 'number' || min < 0 || min > 3_000 || typeof max !== 'number' || max < 1 || max > 3_000 || min > max) this.problems.push(`invalid length [${at}/element]`);
  }

  checkSection(block: Parts, at: string): void {
    const fields = listOf(block['fields']);
    if (block['text'] === undefined && fields.length === 0) this.problems.push(`text or fields are required [${at}]`);
    if (block['text'] !== undefined) this.checkText(block['text'], `${at}/text`, { max: 3_000, types: either });
    if (block['fields'] !== undefined) this.checkCount(fields, `${at}/fields`, 10);
    fields.forEach((field, index) => this.checkText(field, `${at}/fields/${index}`, { max: 2_000, types: either }));
    if (block['accessory'] !== undefined) this.checkButton(block['accessory'], `${at}/accessory`);
  }

  checkBlock(block: Parts, at: string): void {
    const elements = listOf(block['elements']);
    switch (block['type']) {
      case 'header': return this.checkText(block['text'], `${at}/text`, { max: 150 });
      case 'section': return this.checkSection(block, at);
      case 'context': {
        this.checkCount(elements, `${at}/elements`, 10);
        return elements.forEach((element, index) => this.checkText(element, `${at}/elements/${index}`, { max: 3_000, types: either }));
      }
      case 'actions': {
        this.checkCount(elements, `${at}/elements`, 25);
        return elements.forEach((element, index) => this.checkButton(element, `${at}/elements/${index}`));
      }
      case 'input': return this.checkInput(block, at);
    }
  }
}

/** Checks Block Kit's rules for blocks (https://docs.slack.dev/reference/block-kit/blocks). */
export const checkBlocks = (blocks: unknown, { max, types }: { readonly max: number; readonly types: readonly string[] }): Problems => {
  const check = new BlockCheck();
  if (!Array.isArray(blocks)) return ['blocks is no array'];
  if (blocks.length > max) check.problems.push(`no more than ${max} items allowed [json-pointer:/blocks]`);
  const blockIds = new Set<string>();
  blocks.forEach((block: unknown, index) => {
    const at = `json-pointer:/blocks/${index}`;
    if (!isParts(block) || !types.includes(String(block['type']))) return void check.problems.push(`unsupported block [${at}]`);
    check.checkMembers(block, ['type', 'block_id', ...(blockMembers[String(block['type'])] ?? [])], at);
    check.checkString(block['block_id'], `${at}/block_id`, 255);
    if (typeof block['block_id'] === 'string' && blockIds.has(block['block_id'])) check.problems.push(`block_id already exists [${at}]`);
    if (typeof block['block_id'] === 'string') blockIds.add(block['block_id']);
    check.checkBlock(block, at);
  });
  return check.problems;
};

/** Of a message. */
export const checkMessageBlocks = (blocks: unknown): Problems => checkBlocks(blocks, { max: 50, types: ['header', 'section', 'divider', 'context', 'actions'] });

/** Of a modal (https://docs.slack.dev/reference/views/modal-views). */
export const checkView = (view: unknown): Problems => {
  if (!isParts(view) || view['type'] !== 'modal') return ['view is no modal'];
  const check = new BlockCheck();
  check.problems.push(...checkBlocks(view['blocks'], { max: 100, types: ['header', 'section', 'divider', 'context', 'actions', 'input'] }));
  check.checkMembers(view, ['type', 'title', 'blocks', 'close', 'submit', 'private_metadata', 'callback_id', 'clear_on_close', 'notify_on_close', 'external_id'], 'view');
  check.checkText(view['title'], 'view/title', { max: 24 });
  for (const name of ['submit', 'close']) if (view[name] !== undefined) check.checkText(view[name], `view/${name}`, { max: 24 });
  check.checkString(view['callback_id'], 'view/callback_id', 255);
  check.checkString(view['private_metadata'], 'view/private_metadata', 3_000);
  if (listOf(view['blocks']).some((block) => isParts(block) && block['type'] === 'input') && view['submit'] === undefined) check.problems.push('missing required field: submit [view]');
  return check.problems;
};
