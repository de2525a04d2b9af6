import type { Card } from '@cs/notification';
import type { ActionsBlock, Button, ConfirmationDialog } from '@slack/types';
import { buttonData } from '../chat/button-data.js';
import { dataLine, slackLimits, webUrl } from './slack-text.js';

/** Buttons of ours by their action; `open` only follows a link. */
export const actionPrefix = 'tdm:';
const openAction = `${actionPrefix}open`;
export const isDecisionAction = (actionId: string): boolean => actionId.startsWith(actionPrefix) && !actionId.startsWith(openAction);

const confirmation = ({ label }: Card['actions'][number]): ConfirmationDialog => ({
  title: dataLine(`${label}?`, slackLimits.confirm_title),
  text: dataLine('This ends the run. It cannot be taken back.', slackLimits.confirm_text),
  confirm: dataLine(label, slackLimits.confirm_button),
  deny: dataLine('Back', slackLimits.confirm_button),
  style: 'danger',
});

const decisionButton = (action: Card['actions'][number], token: string): Button => ({
  type: 'button', action_id: `${actionPrefix}${action.decision}`, value: buttonData(action.decision, token), text: dataLine(action.label, slackLimits.button),
  ...(action.style === 'default' ? {} : { style: action.style }),
  ...(action.style === 'danger' ? { confirm: confirmation(action) } : {}),
});

/** A button that opens a page, if that has an address. `key` tells those of one message apart. */
export const openButton = (pageUrl: string | undefined, key = ''): Button | undefined => {
  const url = webUrl(pageUrl);
  return url === undefined ? undefined : { type: 'button', action_id: `${openAction}${key}`, url, text: dataLine('Open the page', slackLimits.button) };
};

const once = (actions: Card['actions']): Card['actions'] => actions.filter(({ decision }, index) => actions.findIndex((other) => other.decision === decision) === index);

/** A row with nothing but the page, where that has an address. */
export const pageRow = (pageUrl: string | undefined): readonly ActionsBlock[] => {
  const open = openButton(pageUrl);
  return open === undefined ? [] : [{ type: 'actions', block_id: 'tdm:row:0', elements: [open] }];
};

/** Rows of buttons: what can be decided, and the page. */
export const buttonRows = (card: Card, token: string): readonly ActionsBlock[] => {
  const open = openButton(card.page_url);
  const buttons = [...once(card.actions).map((action) => decisionButton(action, token)), ...(open === undefined ? [] : [open])];
  const rows: ActionsBlock[] = [];
  for (let from = 0; from < buttons.length; from += slackLimits.buttons_per_row) {
    rows.push({ type: 'actions', block_id: `tdm:row:${rows.length}`, elements: buttons.slice(from, from + slackLimits.buttons_per_row) });
  }
  return rows;
};
