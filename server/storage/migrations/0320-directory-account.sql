-- Accounts of people in the operator's directory (LDAP), who log in by its password and have none here.
ALTER TABLE account ADD COLUMN in_directory boolean NOT NULL DEFAULT false;
