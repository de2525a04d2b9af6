import type { ModalView } from '@slack/types';
import type { Reply } from '@cs/notification';
import { buttonData } from '../chat/button-data.js';
import { dataLine, dataText, slackLimits } from './slack-text.js';

export const reasonCallback = 'tandem_rework_v1';
export const reasonBlock = 'reason_block';
export const reasonInput = 'reason_input';

/** Asks why. It carries what its button carried. */
export const reasonModal = ({ decision, token, title }: Omit<Extract<Reply, { kind: 'ask_reason' }>, 'kind'>): ModalView => ({
  type: 'modal', callback_id: reasonCallback, private_metadata: buttonData(decision, token),
  title: dataLine('Say why', slackLimits.modal_title), submit: dataLine('Send', slackLimits.modal_title), close: dataLine('Back', slackLimits.modal_title),
  blocks: [
    { type: 'section', text: dataText(title, slackLimits.section) },
    {
      type: 'input', block_id: reasonBlock, label: dataLine('What has to change?', slackLimits.modal_title),
      element: { type: 'plain_text_input', action_id: reasonInput, multiline: true, min_length: 1, max_length: slackLimits.reason },
    },
  ],
});

/** Tells how it ended, in place of the question. */
export const toldModal = (text: string): ModalView => ({
  type: 'modal', callback_id: 'tdm_told_v1', title: dataLine('Countersign', slackLimits.modal_title), close: dataLine('Close', slackLimits.modal_title),
  blocks: [{ type: 'section', text: dataText(text, slackLimits.section) }],
});
