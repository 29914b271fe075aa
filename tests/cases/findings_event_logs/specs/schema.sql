CREATE TABLE hits_20250101 (id int);
CREATE TABLE taken (id int);
