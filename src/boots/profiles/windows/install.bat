@echo off
rem Made by Boots for {{ machine.name | path }}.  values.share holds the install media.
wpeinit
net use m: {{ values.share | path }} || exit /b 1
m:\setup.exe /unattend:x:\windows\system32\autounattend.xml
