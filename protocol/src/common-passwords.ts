/** The most common ones that are long enough to be accepted otherwise. Runs of letters and digits are known by rule. */
export const commonPasswords: ReadonlySet<string> = new Set(
  `qwertyuiop qwertyuiop1 qwertyuiop123 qwerty12345 qwerty123456 qwerty1234 qwertz12345 qwertzuiop qwertzuiop123 azertyuiop azertyuiop123
  asdfghjkl1 asdfghjkl123 asdfghjkl; zxcvbnm123 zxcvbnm1234 zxcvbnm12345 1q2w3e4r5t 1q2w3e4r5t6y 1q2w3e4r5t6z q1w2e3r4t5 q1w2e3r4t5y6
  1qaz2wsx3edc 1qaz2wsx3edc4rfv 1qazxsw23edc zaq12wsxcde3 qazwsxedcrfv qazwsxedc123 !qaz2wsx3edc 1234qwerasdf qwerasdfzxcv asdfqwer1234
  password00 password01 password10 password11 password12 password123 password1234 password12345 password123456 password1! password12! password123!
  password@123 passw0rd123 passw0rd1234 p@ssw0rd123 p@ssword123 p@ssw0rd1! pa$$w0rd123 passwordpassword passwort123 passwort1234 passwort12345
  passwort123! meinpasswort geheim12345 geheimgeheim hallo12345 hallo123456 hallohallo hallowelt1 schalke04123 sonnenschein sonnenschein1
  schatz12345 iloveyou12 iloveyou123 iloveyou1234 iloveyou2 iloveyouso ichliebedich ichliebedich1 liebe12345 letmein123 letmein1234 letmein12345
  welcome123 welcome1234 welcome12345 welcome123! welcome2024 welcome2025 welcome2026 willkommen willkommen1 willkommen123 changeme12 changeme123
  changeme1234 changeme123! administrator administrator1 admin12345 admin123456 admin1234567 adminadmin adminadmin1 admin@12345 root123456 rootroot123
  superman123 superman1234 batman12345 spiderman1 spiderman123 starwars123 starwars1234 pokemon1234 pokemon12345 minecraft1 minecraft123 football12
  football123 football1234 baseball12 baseball123 baseball1234 basketball basketball1 liverpool1 liverpool123 arsenal1234 chelsea1234 juventus123
  barcelona1 barcelona123 realmadrid realmadrid1 manchester manchester1 princess12 princess123 princess1234 sunshine12 sunshine123 sunshine1234
  michelle123 jennifer123 christopher elizabeth1 alexander1 alexander123 charlie123 charlie1234 jordan12345 michael123 michael1234 daniel12345
  thomas12345 andreas123 stefan12345 monkey12345 monkey123456 dragon12345 dragon123456 shadow12345 master12345 master123456 killer12345 hunter12345
  freedom123 freedom1234 whatever123 whatever1234 trustno1234 computer123 computer1234 internet123 internet1234 samsung123 samsung1234 samsung12345
  google12345 google123456 facebook123 facebook1234 microsoft1 microsoft123 windows123 windows1234 windows10123 testtest12 testtest123 test123456
  test1234567 testing123 testing1234 tester12345 test123test user123456 guest12345 demo123456 secret12345 secret123456 secretpassword mypassword
  mypassword1 mypassword123 newpassword newpassword1 thisismypassword correcthorsebatterystaple 0123456789a 1234567890a 1234567890q 1234567890qwerty
  123456789a 123456789q 123456789abc 12345678ab abc1234567 abc12345678 abc123456789 abcd123456 abcd12345678 abcd1234567890 a123456789 a1234567890
  aa123456789 abc123abc123 abcabc1234 abcdefghij1 abcdefg1234 abcdefgh12 123123123123 123123123a 123abc456def 123456123456 1234512345 12341234ab
  1122334455 11223344556 112233445566 1212121212 1313131313 0987654321q 9876543210a 987654321a 147258369a 1472583690 0147258369 3216549870 159753159753
  7894561230 741852963a 7418529630 789456123a 1029384756 0192837465 5201314520 woaini1314 woaini520520 li12345678 zxc123456789 asd123456789 qwe123456789
  qweasdzxc123 qwe123asd456 asdasd1234 qweqwe1234 zxczxc1234 aaaa111122 aaa1112223 summer2024! summer2025! summer2026! winter2024! winter2025!
  winter2026! spring2025! spring2026! autumn2025! autumn2026! sommer2024! sommer2025! sommer2026! winter2024 winter2025 winter2026 summer2024 summer2025
  summer2026 sommer2025 sommer2026 januar2026 january2026 february2026 changethis changeit123 temporary1 temporary123 temp123456 defaultpassword
  letmein1! atrium1234 atrium12345 atrium123456`.split(/\s+/),
)
