import { createHmac } from 'node:crypto';

/** The header that proves that a body comes from who holds the secret, now. */
export const signature = (secret, body, nowMs = Date.now()) => {
  const t = Math.floor(nowMs / 1000);
  const v1 = createHmac('sha256', secret).update(`${t}.${body}`).digest('hex');
  return { 'countersign-signature': `t=${t},v1=${v1}` };
};

export const deliver = (url, secret, event) => {
  const body = JSON.stringify(event);
  return fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...signature(secret, body) } });
};
