/**
 * An application that never stops writing: a tree of files of all sorts that stays, and orders of which there is a new one ten
 * times a second. `/data/ready` says that the tree is complete.
 */
export const busyApplication = `
cd /data
mkdir -p static/deep/er orders
echo hello > static/text; : > static/empty
head -c 3000000 /dev/urandom > static/large
head -c 70000 /dev/zero > static/zeros
ln static/text static/hard-link; ln -s text static/link; ln -s /nowhere static/dangling
printf 'odd' > "static/deep/er/na me"; chmod 000 static/empty; chown 1000:2000 static/deep
chmod 4750 static/zeros; chmod 1777 static/deep/er; mkfifo static/fifo
touch -d '2001-02-03T04:05:06.123456789' static/text
touch ready
n=0; while true; do n=$((n+1)); echo "order $n" > orders/$n; echo "$n" >> journal; sleep 0.1; done`;

/** One that writes a few files and then rests. */
export const quietApplication = `
cd /data; mkdir -p sub
echo first > a.txt; head -c 200000 /dev/urandom > sub/random; touch ready
while true; do sleep 1000; done`;
