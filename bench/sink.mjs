// A peer for http steps: answers at once, and says when the request came.
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  const arrived = performance.timeOrigin + performance.now();
  request.resume();
  request.once('end', () => {
    const body = JSON.stringify({ arrived, path: request.url });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body);
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
process.on('SIGTERM', () => {
  server.closeAllConnections();
  server.close(() => process.exit(0));
});
