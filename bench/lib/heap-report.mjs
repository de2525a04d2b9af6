// Loaded before a service that is measured: answers what its heap holds after a collection.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

process.on('message', (message) => {
  if (message !== 'heap') return;
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  process.send({ heapMb: (heapUsed + external) / 1024 / 1024 });
});
// Being asked is no reason to stay alive.
process.channel?.unref();
