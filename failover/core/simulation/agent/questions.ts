type Reply = (why: string | null) => void;

/** What other agents asked for, and the machine has not answered yet. */
export class Questions {
  readonly #waiting = new Map<string, Reply>();
  #asked = 0;

  /** The name under which the machine is told, and answers. */
  put(reply: Reply): string {
    const id = String(++this.#asked);
    this.#waiting.set(id, reply);
    return id;
  }

  /** It is answered once. */
  take(id: string): Reply | undefined {
    const reply = this.#waiting.get(id);
    this.#waiting.delete(id);
    return reply;
  }
}
