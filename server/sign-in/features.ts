import type { Stored } from '../log/stored.ts';
import { SignIn, type SignInPorts } from './sign-in.ts';

/** Everything of this folder, put together. */
export const signInFeatures = (stored: Stored, ports: SignInPorts) => ({
  ports: { signIn: new SignIn(stored, ports) },
  close() {},
});
