-- The day that a final demand announces a suspension for (DUN-9).

alter table letter_item add column suspension_on date;
