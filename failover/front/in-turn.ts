import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** No client asks for so much ahead; each that waits takes memory. */
const WAITING_MAX = 16;

/**
 * One request of a connection after the other: a client may ask ahead (RFC 9112, section 9.3.2), and
 * answers of which the turn has not come would lie in memory that nobody counts, behind a long poll
 * for as long as that. So the request waits, and takes nothing meanwhile.
 */
export class InTurn {
  readonly #waiting = new WeakMap<Socket, number>();

  /** Called when it is the turn of this answer; never if its connection ends before. */
  whenDue(incoming: IncomingMessage, response: ServerResponse, due: () => void): void {
    if (response.socket === null) this.#wait(incoming.socket, response, due);
    else due();
  }

  #wait(socket: Socket, response: ServerResponse, due: () => void): void {
    const waiting = (this.#waiting.get(socket) ?? 0) + 1;
    if (waiting > WAITING_MAX) {
      socket.destroy();
      return;
    }
    this.#waiting.set(socket, waiting);
    response.once('socket', () => {
      this.#waiting.set(socket, this.#waiting.get(socket)! - 1);
      due();
    });
  }
}
