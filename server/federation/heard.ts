import type { ServerName } from '../protocol/identifiers.ts';

/** Who is told of each server that asked something of this one, or answered it: with many of them, so it has to be quick. */
export class Heard {
  readonly #listeners: ((server: ServerName) => void)[] = [];

  readonly listen = (listener: (server: ServerName) => void): void => {
    this.#listeners.push(listener);
  };

  readonly tell = (server: ServerName): void => {
    for (const listener of this.#listeners) listener(server);
  };
}
