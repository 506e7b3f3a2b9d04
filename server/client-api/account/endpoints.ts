import { changePassword } from './change-password.ts';
import { checkUsernameAvailability } from './check-username-availability.ts';
import { deactivateAccount } from './deactivate-account.ts';
import { register } from './register.ts';
import { registrationTokenValidity } from './registration-token-validity.ts';

export const accountEndpoints = [
  register,
  checkUsernameAvailability,
  registrationTokenValidity,
  changePassword,
  deactivateAccount,
];
