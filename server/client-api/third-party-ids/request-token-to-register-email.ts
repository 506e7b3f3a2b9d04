import { refusesEmailToken } from './refuses-tokens.ts';

export const requestTokenToRegisterEmail = refusesEmailToken(
  'requestTokenToRegisterEmail',
  'register',
);
