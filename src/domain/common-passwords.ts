/**
 * The commonest passwords that are long enough, or are so once digits and signs stand around them. Short on purpose: it is
 * part of the bundle, and throttling does the rest.
 */
export const commonPasswords: ReadonlySet<string> = new Set(
  `0123456789 01234567890 0987654321 1029384756 1111111111 1122334455 11223344556677 1212121212 123123123123 1234512345
1234554321 1234567890 12345678900 12345678901 123456789010 12345678910 123456789a 123456789abc 123456789q 1234567891
123456abc 123456qwerty 1234abcd1234 123abc123abc 123qwe123qwe 1357924680 147258369 1472583690 147896325 1q2w3e4r5t
1q2w3e4r5t6y 1qaz2wsx3edc 1qazxsw23edc 2468013579 3141592653 31415926535 789456123 9876543210 987654321a a123456789
a1b2c3d4e5 aa123456789 aaaaaaaaaa abc123abc123 abcd123456 abcd1234abcd abcdefghij abcdefghijk administrator adminadmin
administrador admin adminpassword alexander asdasdasd asdasdasdasd asdf1234asdf asdfasdfasdf asdfghjkl asdfghjkl1
asdfghjkl123 autoconnecto autoconnect azertyuiop barcelona baseball basketball batmanbatman blink182blink butterfly
carolina changeme changemenow charlie chocolate christian christopher computer correcthorsebatterystaple dashboard
default defaultpassword devicetoken dragon dragonball elephant elizabeth everything facebook fatherland ferrari
fitnessfitness football forever fuckyou gfhjkmgfhjkm ghbdtnghbdtn godisgood godisgreat google googlegoogle guest
hannahhannah heaven hello hellohello helloworld homeassistant iloveyou iloveyouforever iloveyousomuch internet
jennifer jesuschrist jesus jordanjordan justinbieber katherine killer kingkong letmein letmeinplease liverpool login
loginlogin lovelove lovelovelove loveyou manchester manchesterunited master masterkey maverick mercedes metallica
michael michaeljackson michelle microsoft midnight minecraft monkey motorola mynoob mypassword mysecret nicole
nintendo nothing number numberone opensesame passpass passphrase passw0rd password passwordpassword passwort
passwort pa55word p4ssw0rd p@ssword p@ssw0rd pokemon princess princessa qazwsxedc qazwsxedcrfv qwe123qwe123 qwer1234
qwerasdfzxcv qwerqwer qwert qwerty qwertyqwerty qwertyu qwertyui qwertyuio qwertyuiop qwertyuiop1 qwertyuiop123
qwertz qwertzui qwertzuiop q1w2e3r4t5 q1w2e3r4t5y6 raspberry raspberrypi realmadrid rootroot samsung samantha secret
secretpassword security september spiderman starwars stephanie strawberry summer sunshine superman superadmin
superuser supervisor sweetheart teamo tequiero test testing testpassword testtest thingsboard thomas tiktok tinkerbell
trustno trustnoone unicorn university user username valentina victoria voyager welcome welcomehome whatever winter
wordpass yellow zaq12wsx zaq1zaq1 zaqxswcde zxcvbnm zxcvbnmasdfghjkl zxczxczxc iloveyoubaby monday january february
october november december spring autumn company temporary temppassword newpassword`.split(/\s+/),
)
