/**
 * `@modelcontextprotocol/server-everything` over HTTP, on a free port of the loopback interface: by itself it takes a
 * fixed port of every interface, and never says which it got. Its argument: `streamableHttp` or `sse`.
 */
import { Server } from 'node:net';

const { listen } = Server.prototype;
Server.prototype.listen = function listenOnLoopback(_port, ...others) {
  this.once('listening', () => process.send({ port: this.address().port }));
  return listen.call(this, 0, '127.0.0.1', ...others);
};
// It goes with the test that started it, however that ends.
process.on('disconnect', () => process.exit(0));

await import('@modelcontextprotocol/server-everything/dist/index.js');
