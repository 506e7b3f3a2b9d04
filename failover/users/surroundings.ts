import type { AdminApi } from './admin-api.ts';
import type { KeptLogin } from './kept-login.ts';

/** Where the command was typed. */
export interface Surroundings {
  readonly api: AdminApi;
  readonly serverName: string;
  readonly login: KeptLogin;
  readonly host: string;
  /** Read where an account is to be made by it, and else left alone. */
  sharedSecret(): string | undefined;
  askPassword(question: string): Promise<string>;
  /** What is typed at the question; null where nobody can be asked. */
  confirm(question: string): Promise<string | null>;
  print(text: string): void;
}
