import { refusesEmailToken } from './refuses-tokens.ts';

export const requestTokenToResetPasswordEmail = refusesEmailToken(
  'requestTokenToResetPasswordEmail',
  'account/password',
);
