// @ts-check
import path from 'node:path';
import process from 'node:process';
import { Faults } from './payments/faults.mjs';
import { Ledger } from './payments/ledger.mjs';
import { Payments } from './payments/payments.mjs';
import { createPaymentsServer } from './payments/server.mjs';

const readConfig = () => {
  // An empty variable counts as unset; an empty HOST would otherwise listen on every interface.
  const host = process.env.HOST || '127.0.0.1';
  const port = process.env.PORT || '4500';
  const ledger = process.env.LEDGER || path.join('.countersign', 'payments', 'ledger.jsonl');
  if (!/^[0-9]{1,5}$/.test(port) || Number(port) > 65_535) throw new Error(`PORT must be a number from 0 to 65535 (0 takes a free one), not "${port}".`);
  return { host, port: Number(port), ledger: path.resolve(ledger) };
};

/**
 * @param {import('node:http').Server} server
 * @param {{ host: string, port: number }} address
 * @returns {Promise<string>} the URL it answers on
 */
const listen = (server, { host, port }) => new Promise((resolve, reject) => {
  server.once('error', (/** @type {NodeJS.ErrnoException} */ cause) => {
    reject(new Error(cause.code === 'EADDRINUSE'
      ? `PORT ${port} on ${host} is taken. Set PORT to a free port, or to 0 to take any.`
      : `Cannot listen on HOST ${host}, PORT ${port}: ${cause.message}`, { cause }));
  });
  server.listen(port, host, () => {
    const bound = server.address();
    if (bound === null || typeof bound === 'string') return reject(new Error('The server has no network address.'));
    return resolve(`http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`);
  });
});

const main = async () => {
  const config = readConfig();
  const faults = new Faults();
  /** @type {(payments: Payments | Promise<never>) => void} */
  let open = () => undefined;
  const { server, stop: stopServer } = createPaymentsServer(new Promise((resolve) => { open = resolve; }));
  // The address first: a service started twice by mistake stops here, before it touches the other's ledger.
  const url = await listen(server, config);
  const ledger = await Ledger.open(config.ledger).catch((error) => {
    open(Promise.reject(error));
    server.close();
    throw error;
  });
  open(new Payments(ledger, faults));

  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    faults.stop();
    // An open pipe would keep the process alive.
    process.stdin.destroy();
    void stopServer().then(() => ledger.close());
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Whoever started it may end without a word; the end of its pipe tells.
  if (process.env.STOP_WITH_STDIN === 'true') process.stdin.resume().on('end', stop).on('error', stop);
  console.log(JSON.stringify({ listening: url }));
};

main().catch((error) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
