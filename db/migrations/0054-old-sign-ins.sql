-- Records of sign-ins are dropped after a year.
create index on authorization_record (create_time);
